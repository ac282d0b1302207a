"""A book of positions and its market."""

MARKET = """
passthrough = ["desk"]
[simulation]
paths = 4000
[underlying.SX5E]
spot = 5000
vol = 0.18
rate = 0.02
dividend_yield = 0.03
currency = "EUR"
[underlying.SPX]
spot = 6000
vol = 0.16
rate = 0.04
currency = "USD"
"""


FX = '[fx]\nbase = "EUR"\nUSD = 0.9\n'


BOOK = """id,underlying,kind,type,strike,expiry,quantity,multiplier,desk,tags.book
a,SX5E,european,call,5100,1,100,10,north,A
b,SX5E,european,put,4800,1,-50,10,south,A
c,SPX,european,call,6100,0.5,-20,100,north,B
d,SPX,digital,call,6100,0.5,1000,1,south,B
e,SX5E,european,call,5100,0.5,-10,10,north,B
"""


def estimate(row, name):
    return next(one for one in row["estimates"] if one["name"] == name)
