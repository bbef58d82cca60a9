"""Cameras of other producers, republished as they are."""
