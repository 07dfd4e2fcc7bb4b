"""The pages of people: onboarding, their account, teams, what they ask and are told. Each file beside this one is one part of the site."""
