"""AMQP 0-9-1: RabbitMQ with its queues, exchanges and odd clients."""
