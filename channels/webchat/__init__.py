"""Web chat: the brand's own page, reached over a WebSocket that the gateway serves. See README.md."""
