"""``python -m greeks_cli`` is the same as ``greeks``."""

from greeks_cli.cli.main import main

if __name__ == "__main__":
    main()
