"""One file a format; `registry` lists them, `docs/readers.md` says how to add one."""
