"""A book of trades on one underlying and on several, and its market."""

MARKET = """
greeks = "delta,hessian,vega,d(correlation)"
[correlation]
"A,B" = 0.5
"A,C" = 0.2
"B,C" = 0.4
[simulation]
paths = 4000
[market]
rate = 0.03
[underlying.A]
spot = 100
vol = 0.2
currency = "EUR"
[underlying.B]
spot = 90
vol = 0.3
dividend_yield = 0.01
currency = "EUR"
[underlying.C]
spot = 105
vol = 0.25
currency = "EUR"
"""

BOOK = """id,kind,underlying,underlyings,strike,type,weights,quantity,rate,correlation
one,european,A,,100,call,,10,,
two,european,B,,95,put,,-5,,
spread,spread,,"A,B",5,call,,10,,
basket,basket,,A;B;C,98,call,0.5;0.3;0.2,3,0.05,
best,best-of,,"B,C",100,call,,2,,0.7
worst,worst-of,,"A,B,C",100,put,,2,,"A,C=0.1;B,C=0.2"
"""
