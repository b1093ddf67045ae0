"""What to do about an error, where several places give the same advice."""

BUILD = "make one with `interlingua build`"
REPAIR = "run `interlingua repair`, which needs no encoder"
RESTORE = "restore the directory from a copy, or build the index again"
DISK = "check the disk and its permissions, then run the command again; nothing committed is lost"
ROOM = "make room on the disk and run the command again; nothing committed is lost"
