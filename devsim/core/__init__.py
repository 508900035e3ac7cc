"""The nouns: units, device, manifest, profile, plan, trace. Pure data; imports no other part."""
