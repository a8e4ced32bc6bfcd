"""A simulation of batches on 1 to 10,000 workers, with the costs that the case ``calibration`` has measured."""
