"""The inspection report: from plain records to one HTML, PDF or Excel file.

write         picks the form by the file's ending, writes it whole or not at all
records       what a report is made of; a scan's results.json or a server's database give it
words         every word, number and date in the report's language
facts, tables what the report says, once for HTML and PDF
pictures      annotated photos, one in memory at a time
site_map      where the photos were taken, drawn without tiles or network
"""
