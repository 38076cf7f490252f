"""What stands between the network and everything that this program serves."""
