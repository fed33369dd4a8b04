"""Files that people write, in YAML: read with places, held against a model, every defect told at once.

:func:`auditor.written.source.parse` makes a tree of the text, :func:`auditor.written.validate.validate` a model of the
tree. What a kind of file may say, and checks beyond its schema, are the business of its own package.
"""
