"""Who held which address when, from what servers, logs and lists say.

:mod:`auditor.identity.readers` turns files into statements (:mod:`auditor.model.identity`).
"""
