"""Who may trade: PKG, DSO, certificates, tracing."""
