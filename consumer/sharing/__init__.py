"""Groups: consumers of one name that share the cameras instead of each serving all of them.

No member talks to another. Each looks at the same cameras and the same members and computes who serves what.
"""
