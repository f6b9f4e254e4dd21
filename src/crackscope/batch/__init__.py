"""Archives of photos on Ray: resumable, from and to any storage, with the very answers of one machine."""
