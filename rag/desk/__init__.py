"""The knowledge manager's desk: documents from draft to retired, what changed, what staff asked in vain"""
