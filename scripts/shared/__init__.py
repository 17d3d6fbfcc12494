"""What every folder and door may use: errors, writing, showing, workers, training. May import: nothing of the project's."""
