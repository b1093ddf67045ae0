"""What to do about an error, where several places give the same advice."""

BUILD = "make one with `interlingua build`"
REPAIR = "run `interlingua repair`, which needs no encoder"
RESTORE = "restore the directory from a copy, or build the index again"
DISK = "check the disk and its permissions, then run the command again; nothing committed is lost"
BACKUP = (
    "take another backup; or copy its directory, without manifest.json, and run `interlingua "
    "repair` on the copy"
)
ROOM = "make room on the disk and run the command again; nothing committed is lost"
