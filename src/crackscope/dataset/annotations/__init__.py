"""Labels of other labelling tools: boxes and polygons on photos, read and written in their formats.

records       a photo and the marks on it, whatever tool made them
read          finds out the format and reads it
coco, yolo, label_studio, tables   one format each, both ways
masks         from marks to the crack masks that `dataset.tiles` cuts by
"""
