"""What Facebook, Instagram and WhatsApp have in common: webhooks, Graph API calls and their errors."""
