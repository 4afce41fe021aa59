from hypothesis import HealthCheck, settings

# Machines that run tests are noisy: how long an example takes says nothing about the code.
settings.register_profile("podo", deadline=None, suppress_health_check=[HealthCheck.too_slow], print_blob=True)
settings.load_profile("podo")
