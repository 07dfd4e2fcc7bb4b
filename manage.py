#!/usr/bin/env python
"""Django's command line for Fairhand. `make help` lists the everyday commands."""

import os
import sys


def main() -> None:
    """Run one management command with Fairhand's settings."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    from django.core.management import execute_from_command_line

    from config.environment import BadSetting

    try:
        execute_from_command_line(sys.argv)
    except BadSetting as refusal:  # whoever runs this is told which setting, not where in the code it was read
        sys.exit(f"Not started: {refusal}")


if __name__ == "__main__":
    main()
