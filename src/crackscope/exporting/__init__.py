"""What was found, for other programs: tables, maps, drawings, pictures and labels.

records     photos with the places that count on them; a scan's folder or a server's project gives them
ground      where places lie on the earth
write       picks the form by the file's ending, writes it whole or not at all
"""
