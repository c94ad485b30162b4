"""SamplePay, a provider that nobody has: what an eighth provider needs on the SDK's side, and no more."""
