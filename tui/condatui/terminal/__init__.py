"""The terminal that shows the workbench: what stands in its cells, and the driver that sends it only what changes."""
