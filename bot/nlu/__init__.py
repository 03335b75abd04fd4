"""The assistant's understanding: graph components for Rasa's pipeline, registered in config.yml."""
