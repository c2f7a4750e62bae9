"""V2: the Open Inference Protocol over REST, with the binary tensors of Triton's extension."""
