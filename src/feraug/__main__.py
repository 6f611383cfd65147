"""``python -m feraug``."""

from feraug.cli.main import main

if __name__ == "__main__":
    main()
