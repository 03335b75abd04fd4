"""The processes: gateway, worker, courier, recorder, and `up`, which runs them all."""
