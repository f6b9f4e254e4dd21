"""Which labels of a data set are doubted, and what people saw in those photos."""
