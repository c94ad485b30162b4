"""SamplePay, simulated: what an eighth provider needs on the simulator's side, and no more."""
