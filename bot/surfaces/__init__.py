"""Surfaces parse what comes in and render what comes out; they decide nothing."""
