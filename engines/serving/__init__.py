"""A class at once: Triton does the serving, its client library the talking; here is what joins them to
Tutor.
"""
