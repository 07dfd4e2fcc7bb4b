"""The pages of work: jobs, the workspace, what one has done. Each file beside this one is one part of the site."""
