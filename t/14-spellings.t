#!/usr/bin/perl
# One write in every spelling of path, method, type and body that Odoo takes, and in many that it
# does not: whatever the stand-in executed stands on the trail as executed, and nothing else does.

use v5.36;
use FindBin;
use lib "$FindBin::Bin/lib";
use Client qw();
use Compress::Zlib qw();
use Site;
use Test::More;

my $CALL = '/web/dataset/call_kw';
my $TYPE = 'application/json';

# Paths by name; the ones that begin with "call" in their name are executed wherever they arrive.
my %PATHS = (
    'call plain'                  => $CALL,
    'call with a tail'            => "$CALL/res.partner/write",
    'call with a tail of dots'    => "$CALL/res.partner.write",
    'call slash behind'           => "$CALL/",
    'call two slashes in front'   => "/$CALL",
    'call many slashes in front'  => "////$CALL",
    'call escaped letter'         => '/web/dataset/%63all_kw',
    'call escaped underscore'     => '/web/dataset/call%5Fkw',
    'call lower-case escape'      => '/%77eb/dataset/call%5fkw',
    'call language'               => "/fr$CALL",
    'call with a query'           => "$CALL?model=res.users&method=unlink&x=/web/login",
    'call escaped query mark'     => "$CALL/%3Fx",
    'call parameter in the tail'  => "$CALL/x;a=b",
    'call escape in the tail'     => "$CALL/x%20y%3Bz",
    'call button'                 => '/web/dataset/call_button',
    'call static in the tail'     => "$CALL/web/static",
    'call login in the tail'      => "$CALL/web/login",
    'dots within'                 => '/web/x/../dataset/call_kw',
    'a dot within'                => '/web/./dataset/call_kw',
    'dots behind'                 => "$CALL/../../x",
    'dots out of static files'    => "/web/static/../dataset/call_kw",
    'dots out of a login'         => "/web/login/../dataset/call_kw",
    'dots out of the audit page'  => "/audit-admin/..$CALL",
    'dots into the audit page'    => "$CALL/../../../audit-admin",
    'dots into static files'      => "$CALL/../../static/x.js",
    'escaped dots into static'    => "$CALL/%2e%2e/%2E%2E/static/x.js",
    'escaped slashes'             => '/web%2Fdataset%2Fcall_kw',
    'escaped slash in front'      => '/%2Fweb/dataset/call_kw',
    'escaped slashes in the tail' => "$CALL/res.partner%2Fwrite",
    'escaped dots and slashes'    => "$CALL/..%2F..%2Fstatic%2Fx.js",
    'escaped slash and language'  => '/fr%2Fweb/dataset/call_kw',
    'escaped way to the audit page' => '/audit-admin%2F..%2F..%2Fweb/dataset/call_kw',
    'slash within'                => '/web//dataset/call_kw',
    'two slashes behind'          => "$CALL//",
    'slashes behind a language'   => "/fr/$CALL",
    'language unknown'            => "/tlh$CALL",
    'parameter'                   => "$CALL;a=b",
    'parameter within'            => '/web;a/dataset/call_kw',
    'escaped twice'               => '/web/dataset/call%255Fkw',
    'another case'                => '/Web/dataset/call_kw',
    'NUL behind'                  => "$CALL%00",
    'blank behind'                => "$CALL%20",
    'backslash'                   => '/web/dataset%5Ccall_kw',
    'overlong'                    => '/web/dataset/call%C1%9Fkw',
);

my %HEADERS = (
    'call no blanks'      => ['application/json;charset=utf-16'],
    'call capitals'       => ['Application/JSON ; charset="x"'],
    'call json-rpc'       => ['application/json-rpc'],
    'text'                => ['text/plain'],
    'a form'              => ['application/x-www-form-urlencoded'],
    'none'                => [],
    'two types in one'    => ['application/json, text/plain'],
    'two types, text first' => ['text/plain, application/json'],
    'doubled'             => [ 'application/json', 'text/plain' ],
    'doubled, text first' => [ 'text/plain', 'application/json' ],
    'twice the same'      => [ 'application/json', 'application/json' ],
);

sub write_params ($label) {
    return { model => 'res.partner', method => 'write', args => [ [3], { city => $label } ], kwargs => {} };
}

sub body ($label) {
    return Client::encode_json({ jsonrpc => '2.0', id => 1, method => 'call', params => write_params($label) });
}

sub around ($params) { return qq({"jsonrpc":"2.0","id":1,"params":$params}) }

# Bodies by name, as text with LABEL in it; "call" in front: executed by 16 to 19.
my $ARGS = '"args":[[3],{"city":"LABEL"}],"kwargs":{}';
my %BODIES = (
    'call blanks'          => " \t\r\n" . around(qq({"model" : "res.partner",\n"method":"write",$ARGS})) . "\n",
    'call escaped values'  => around(qq({"model":"res.p\\u0061rtner","method":"\\u0077rite",$ARGS})),
    'call escaped keys'    => around(qq({"m\\u006fdel":"res.partner","\\u006dethod":"write",$ARGS})),
    'call model twice'     => around(qq({"model":"res.users","method":"write",$ARGS,"model":"res.partner"})),
    'call method twice'    => around(qq({"model":"res.partner","method":"unlink",$ARGS,"m\\u0065thod":"write"})),
    'call params twice'    => qq({"params":{"model":"res.users","method":"unlink","args":[[2]],"kwargs":{}},"params":{"model":"res.partner","method":"write",$ARGS}}),
    'call args twice'      => around(qq({"args":[[2],{"name":"x"}],"model":"res.partner","method":"write",$ARGS})),
    'call vals twice'      => around('{"model":"res.partner","method":"write","args":[[3],{"city":"other","city":"LABEL"}],"kwargs":{}}'),
    'call another method at the top' => qq({"method":"unlink","model":"res.users","params":{"model":"res.partner","method":"write",$ARGS}}),
    'call NaN'             => around(qq({"model":"res.partner","method":"write","x":NaN,"y":[-Infinity,Infinity],$ARGS})),
    'call bad UTF-8'       => around(qq({"model":"res.partner","method":"write","x":"\xff\xc3",$ARGS})),
    'call lone surrogate'  => around(qq({"model":"res.partner","method":"write","x":"\\ud800",$ARGS})),
    'call strange id'      => qq({"id":{"error":{"code":100},"result":false},"params":{"model":"res.partner","method":"write",$ARGS}}),
    'call no id'           => qq({"params":{"model":"res.partner","method":"write",$ARGS}}),
    'call bare id'         => around('{"model":"res.partner","method":"write","args":[3,{"city":"LABEL"}],"kwargs":{}}'),
    'call vals by name'    => around('{"model":"res.partner","method":"write","args":[[3]],"kwargs":{"vals":{"city":"LABEL"}}}'),
    'call deep junk'       => around(qq({"x":) . '[' x 200 . ']' x 200 . qq(,"model":"res.partner","method":"write",$ARGS})),
    'call long junk'       => around('{"x":"' . 'y' x 300_000 . qq(","model":"res.partner","method":"write",$ARGS})),
    'pairs'                => around('[["model","res.partner"],["method","write"],["args",[[3],{"city":"LABEL"}]],["kwargs",{}]]'),
    'pairs, one twice'     => around('[["model","res.users"],["method","write"],["args",[[3],{"city":"LABEL"}]],["kwargs",{}],["model","res.partner"]]'),
    'kwargs as pairs'      => around('{"model":"res.partner","method":"write","args":[[3],{"city":"LABEL"}],"kwargs":[]}'),
    'args as text'         => around('{"model":"res.partner","method":"write","args":"3","kwargs":{"vals":{"city":"LABEL"}}}'),
    'byte order mark'      => "\xef\xbb\xbf" . around(qq({"model":"res.partner","method":"write",$ARGS})),
    'trailing comma'       => around(qq({"model":"res.partner","method":"write",$ARGS,})),
    'trailing garbage'     => around(qq({"model":"res.partner","method":"write",$ARGS})) . ' x',
    'trailing NUL'         => around(qq({"model":"res.partner","method":"write",$ARGS})) . "\0",
    'single quotes'        => around(qq({'model':"res.partner","method":"write",$ARGS})),
    'a raw line feed'      => around(qq({"model":"res.partner","x":"a\nb","method":"write",$ARGS})),
    'a batch'              => '[' . around(qq({"model":"res.partner","method":"write",$ARGS})) . ']',
    'UTF-16'               => join('', map { "$_\0" } split //, around(qq({"model":"res.partner","method":"write",$ARGS}))),
    'no args'              => around('{"model":"res.partner","method":"write","kwargs":{"ids":[3],"vals":{"city":"LABEL"}}}'),
    'model is a list'      => around(qq({"model":["res.partner"],"method":"write",$ARGS})),
    'cut'                  => '{"params":{"model":"res.partner","method":"write","args":[[3],{"city":"LABEL"}]',
);

# Where the client tells two stories the event says so.
my %FLAGS = (
    map({ ("body: call $_ twice" => 'duplicate_key') } qw(model method params args vals)),
    'path: call with a tail of dots' => '',
    'path: call static in the tail'  => 'path_mismatch',
    'path: call login in the tail'   => 'path_mismatch',
    'path: call with a query'        => '',
    'path: call plain'               => '',
);

# Executed only where Odoo is sent the path as it came.
my @RAW = map { "path: $_" } 'escaped slashes', 'escaped slash and language', 'dots behind', 'dots into static files',
    'escaped dots into static', 'escaped dots and slashes';

# What is sent: each a name, whether it must be executed, and a sub of (client, label).
sub requests () {
    my @requests;
    my $add = sub ($kind, $name, $send) {
        push @requests, { name => "$kind: $name", must => scalar($name =~ /^call /), send => $send };
    };

    for my $name (sort keys %PATHS) {
        $add->('path', $name, sub ($client, $label) {
            $client->request('POST', $PATHS{$name}, body => body($label), headers => [ 'Content-Type' => $TYPE ]);
        });
    }
    $add->('path', 'call absolute form', sub ($client, $label) {
        $client->request('POST', "http://127.0.0.1:$client->{port}$CALL", body => body($label),
            headers => [ 'Content-Type' => $TYPE ]);
    });
    for my $method (qw(GET PUT PATCH DELETE OPTIONS HEAD PROPFIND BREW)) {
        $add->('method', "call $method", sub ($client, $label) {
            $client->request($method, $CALL, body => body($label), headers => [ 'Content-Type' => $TYPE ]);
        });
    }
    for my $name (sort keys %HEADERS) {
        $add->('type', $name, sub ($client, $label) {
            $client->request('POST', $CALL, body => body($label),
                headers => [ map { ('Content-Type' => $_) } @{ $HEADERS{$name} } ]);
        });
    }
    for my $name (sort keys %BODIES) {
        $add->('body', $name, sub ($client, $label) {
            $client->request('POST', $CALL, body => $BODIES{$name} =~ s/L(\0?)A\1B\1E\1L/join $1, split m{}, $label/er,
                headers => [ 'Content-Type' => $TYPE ]);
        });
    }
    $add->('body', 'call chunked', sub ($client, $label) {
        $client->request('POST', $CALL, pieces => [ split //, body($label) ], chunked => 1,
            headers => [ 'Content-Type' => $TYPE ]);
    });
    $add->('body', 'compressed', sub ($client, $label) {
        $client->request('POST', $CALL, body => Compress::Zlib::memGzip(body($label)),
            headers => [ 'Content-Type' => $TYPE, 'Content-Encoding' => 'gzip' ]);
    });
    $add->('body', 'call said to be compressed', sub ($client, $label) {
        $client->request('POST', $CALL, body => body($label),
            headers => [ 'Content-Type' => $TYPE, 'Content-Encoding' => 'gzip' ]);
    });
    return @requests;
}

sub summary ($operation, $model, @ids) { return "$operation $model @ids" }

# Sends all, or only the paths; returns per label the name, whether it had to be executed, and what was.
sub send_all ($site, $client, $everything) {
    my (%sent, $number);

    for my $request (grep { $everything || $_->{name} =~ /^path/ } requests()) {
        my $label = sprintf 'town%03dx', ++$number;

        $site->odoo->forget;
        my $answer = $request->{send}->($client, $label);
        my @executed = grep { $_->{ok} && $_->{operation} ne 'read' } $site->odoo->operations;
        $sent{$label} = { %$request, status => $answer->{status}, executed => [ map { summary($_->{operation}, $_->{model}, @{ $_->{ids} }) } @executed ] };
    }
    return \%sent;
}

sub check ($sent, $events, $version, $setting) {
    my %by_label;

    for my $event (@$events) {
        push @{ $by_label{$1} }, $event if $event->{values} =~ /(town\d{3}x)/;
    }
    for my $label (sort keys %$sent) {
        my $request = $sent->{$label};
        my @succeeded = map { summary(@$_{qw(operation model record_ids)}) }
            grep { $_->{outcome} eq 'success' || $_->{flags} =~ /opaque/ || $_->{outcome} eq 'unknown' } @{ $by_label{$label} // [] };

        is_deeply \@succeeded, $request->{executed}, "$version, $setting: $request->{name}"
            or diag "status $request->{status}";
        is scalar @{ $request->{executed} }, 1, "$version, $setting: $request->{name} is executed"
            if $request->{must} || ($setting eq 'nocanon' && grep { $_ eq $request->{name} } @RAW);
        is $by_label{$label}[0]{flags}, $FLAGS{ $request->{name} }, "$version, $setting: flags of $request->{name}"
            if exists $FLAGS{ $request->{name} };
    }
    is_deeply [ grep { $_->{outcome} eq 'success' && $_->{operation} =~ /^(?:create|write|unlink)$/ && $_->{values} !~ /town/ } @$events ],
        [], "$version, $setting: and nothing else is said to be written";
    return;
}

my @SETTINGS = (
    { name => 'as usual' },
    { name => 'nocanon', proxy => 'nocanon', allow => [qr/ignoring unsafe nocanon/], vhost => "AllowEncodedSlashes NoDecode\nMergeSlashes Off\n" },
    { name => 'encoded slashes', vhost => "AllowEncodedSlashes On\nMergeSlashes Off\n" },
    { name => 'encoded slashes kept', vhost => "AllowEncodedSlashes NoDecode\n" },
);

for my $version (16 .. 19) {
    for my $setting (@SETTINGS) {
        my ($name, %options) = ($setting->{name}, map { $_ => $setting->{$_} } grep { $_ ne 'name' } keys %$setting);
        my $site = Site->start(version => $version, %options);
        my $client = $site->login('admin');
        my $sent = send_all($site, $client, $name eq 'as usual');

        $site->trail->settle($site->client);
        check($sent, [ $site->trail->events ], $version, $name);
        $site->httpd->stop;
        $site->odoo->stop;
    }
}

finish();
