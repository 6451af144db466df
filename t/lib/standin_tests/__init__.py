"""Tests of the Odoo stand-in, run by test_standin.py."""
