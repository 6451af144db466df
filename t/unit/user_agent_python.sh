#!/bin/sh
# What the client room says of user agents, against uap-core's own expectations and against Python's user-agents.
# From the build folder, or with the path of user_agent_driver as argument.
for modules in 'yaml, user_agents' yaml; do
    for python in python3 /usr/bin/python3; do
        if "$python" -W ignore -c "import $modules" 2>/dev/null; then
            exec "$python" -B -W ignore "$(dirname "$0")/user_agent_python.py" \
                "${1:-t/unit/user_agent_driver}"
        fi
    done
done
echo "1..0 # SKIP python3-yaml is missing"
exit 77
