"""Calendar dates: tenors, calendars, day counts and schedules, and the times in years that follow from them."""
