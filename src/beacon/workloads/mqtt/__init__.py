"""MQTT 3.1, 3.1.1 and 5: brokers, with every quality of service and odd clients."""
