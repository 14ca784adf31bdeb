"""A site with an internet and instances around it: topology, builder, machines, and the demo."""
