"""Found first on the path of a test's processes: they know the stammering voice, and workers have little disk."""

import os
import resource
import sys

from tests.support.stammering import ROOM, StammeringVoice
from videoguide.speech.voices import VOICES

VOICES[StammeringVoice.id] = StammeringVoice
if ROOM in os.environ and "spawn_main" in " ".join(sys.orig_argv):
    resource.setrlimit(resource.RLIMIT_FSIZE, (int(os.environ[ROOM]), resource.RLIM_INFINITY))
