"""One module for each family of facts: each says what its facts in a flow, or an activity, mean for one host."""
