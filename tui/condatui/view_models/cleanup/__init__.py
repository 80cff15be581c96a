"""The cleanup place: its rows, the details of one, and what a choice of them comes to."""
