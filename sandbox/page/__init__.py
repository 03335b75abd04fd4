"""The page on which a person writes as a customer and sees what the customer would see."""
