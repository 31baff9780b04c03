"""What the suite costs, as ratios measured in one run; the budgets stand beside them and are never asserted.

Each round makes every measurement once, one after the other, so that a machine that grows slower or
faster meanwhile does so for all of them; a ratio is the median of the rounds' own ratios.
"""
