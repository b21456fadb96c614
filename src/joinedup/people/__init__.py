"""Who a child is: names, dates, numbers and places, read, checked, compared and explained.

Plain Python without files, network or database of its own; everything above builds on it.
"""
