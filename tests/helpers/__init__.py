"""Small real things that tests of several rooms build on."""
