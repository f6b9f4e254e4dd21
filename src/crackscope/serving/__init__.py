"""The web server: a REST API over the model, with projects, scans and reviews kept in a database."""
