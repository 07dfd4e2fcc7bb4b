"""The pages of people: what they ask and are told. Each file beside this one is one part of the site."""
