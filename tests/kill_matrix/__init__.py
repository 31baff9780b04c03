"""The kill matrix: the suite run on each defect of the simulated landscape, and what it noticed."""
