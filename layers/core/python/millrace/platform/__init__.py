"""What every capability stands on: settings, clients, HTTP, events, workflow steps and observability."""
