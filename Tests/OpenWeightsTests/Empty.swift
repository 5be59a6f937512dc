// Empty without the package trait OpenWeights: what is tested here needs MLX.
