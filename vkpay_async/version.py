"""The version of this distribution, without a look at the installed metadata."""

VERSION = "0.1.0"
