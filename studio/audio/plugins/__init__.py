"""Effects of other makers (VST3, Audio Units) as steps like ours: which there are, and how a sound goes through one.

    knobs.py    one parameter of a plug-in: what its own 0…1 means in numbers and words
    table.py    the person's list of plug-ins, kept beside the settings: only what is on it is ever loaded
    host.py     the child process in which a plug-in lives, because it is foreign code
    wire.py     what both sides say to each other
    hosts.py    our side: a plug-in is started, asked, and ended where it misbehaves
    finding.py  where plug-ins lie, and how they are looked at before they come onto the list
    step.py     a plug-in as a Step of steps.py

pedalboard (JUCE) does the hosting. A step names a plug-in by what it is, never by where it lies, so that a recipe from
elsewhere can load nothing but what this person has put on the list.
"""
