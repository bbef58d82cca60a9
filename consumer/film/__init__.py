"""Pictures of films: which ones are wanted, and no more decoded than they need.

The definition of a film's pictures and their numbers is what OpenCV gives when it reads every frame (`whole.py`). What
is faster (`index.py`, `sparse.py`) is checked against it, and gives way where it cannot keep to it.
"""
